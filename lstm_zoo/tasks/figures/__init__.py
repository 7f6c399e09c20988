"""What tasks draw of their answers, as matplotlib figures."""
