"""The reference service: takes orders over HTTPS and keeps them in PostgreSQL, through pgBouncer.

Small on purpose, and real: it is what the platform runs until it is told another image, and what shows that the
path works. It imports nothing of the Pulumi program but the SQL and the logins that it brings along.
"""
