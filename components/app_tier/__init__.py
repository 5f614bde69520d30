"""The application and what stands between it and the database."""
