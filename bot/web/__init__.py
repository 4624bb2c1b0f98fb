"""The page: a front end in the browser, by Gradio; the only package that imports gradio."""
