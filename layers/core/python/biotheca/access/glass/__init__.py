"""Breaking the glass: how the archive's staff come to a controlled file, for a reason that its committee reads."""
