"""The studio: a page on this machine that shows cutouts, doubtful ones first, to be corrected and approved."""
