"""Background jobs: work too slow for a request, run one at a time in a child process of the worker."""
