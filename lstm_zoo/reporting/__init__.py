"""What is told of a run: tables, figures, and the page of the report."""
