"""What all data sets share, whatever they show: finding, dealing, preparing, reading; it knows no family."""
