"""Search over the questions of the help pages: `index` is written with the site, `query` reads it."""
