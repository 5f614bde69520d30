"""PostgreSQL: the writer with its synchronous standby, and the replicas that follow it."""
