"""Jobs: what takes longer than anybody waits for an answer, done one at a time in a child process of the worker."""
