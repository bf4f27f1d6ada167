"""What happened, to whom and from where, without naming anybody: the log that is only ever added to."""
