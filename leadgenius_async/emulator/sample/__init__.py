"""Sample data: two companies, their clients and their leads, all from a seed."""
