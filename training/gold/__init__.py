"""The hand-annotated development notes, and how a run is scored against them."""
