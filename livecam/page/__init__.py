"""Looking through what was shot, and choosing another key photo, in a browser.

- `index` knows which moments there are in a folder, and keeps that;
- `views` makes what a browser can show, and keeps it in the user's cache (`cache`);
- `server` serves the page (`assets`) to this machine, `static` writes it as a folder.

What is asked for there is done, and undone, by `livecam.edit.undo_stack`. The terminal's way to do
the same is `livecam.ui.moment_view`.
"""
