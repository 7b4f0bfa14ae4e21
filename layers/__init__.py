"""How the Lambda layer and a checkout get what is not in the repository: for now, the networks' weights."""
