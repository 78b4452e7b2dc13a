"""Viewing moments, and choosing another key photo, in a browser.

- `index` finds the moments in a folder, and stores a list of them;
- `views` makes what a browser can show, and keeps it in the user's cache (`cache`);
- `server` serves the page (`assets`), `serving` runs the server, `static` writes the page as a
  folder.

`livecam.edit.undo_stack` makes and undoes the changes that the page asks for. The same view in the
terminal is `livecam.ui.moment_view`.
"""
