"""The libraries' objects, bare; the assembly binds them to an app."""

from flask_sqlalchemy import SQLAlchemy
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx

# Tables hang on `store.base.Base`, so that rooms need no Flask; this gives the engine.
db = SQLAlchemy()
csrf = CSRFProtect()
htmx = Htmx()
