"""What an address may hold."""

# Numbers of runs and experiments are PostgreSQL's integers; a larger one names nothing.
LARGEST_NUMBER = 2**31 - 1
