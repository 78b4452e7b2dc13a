"""Looking through what was shot, and choosing another key photo, in a browser.

- `moments` knows what there is in a folder, and keeps an index of it;
- `views` makes what a browser can show, and keeps it in the user's cache (`cache`);
- `desk` does what is asked for: another key photo, the trash, undo;
- `server` serves the page to this machine, `static` writes it as a folder.

The terminal's way to do the same is `livecam.ui.review`.
"""
