"""What an export's files hold, and how its run went: counted, and shown as a page.

standing (what is in the folder) → groups (of rows, the columns needed) → clients, fields, emails,
growth, scores (each counts its own) → figures → words (a few lines), page (HTML and inline SVG).
"""
