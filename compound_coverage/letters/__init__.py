"""Letters: a case file and a determination in, a draft letter with visible gaps out."""
