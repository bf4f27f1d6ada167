"""Mail that is on its way: written in the same transaction as the change it tells of, sent by a worker."""
