"""Photos under sliders: in a browser (`page`, by Gradio) and in a notebook (`panel`, by ipywidgets)."""
