// Empty on purpose: it replaces 1.5 MB of the theme. The icons come from a font, see vendor/fontawesome.
