"""What editors can learn from visitors without following any: searches that found nothing, and which pages help."""
