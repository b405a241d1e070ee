"""The surroundings of CXMS on one machine: database and cache engines, roles, supervision, catalogues.

`bin/run`, `bin/setup`, `bin/check` and the tests call in here; nothing of the product is imported from here, and the
product never imports this package.
"""
