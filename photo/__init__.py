"""What people's photographs need besides the networks.

May import `utils`. `reading` finds and reads photographs; `showing` makes pictures for people;
`app` is behind the page of app.py.
"""
