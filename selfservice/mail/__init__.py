"""Mail: queued in the transaction of the change it is about, and sent by a worker."""
