"""The layers made known to Keras, which knows only classes that are imported when it loads a file."""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.abc import MetaPathFinder


def make_known() -> None:
    """Import the layers: at once where Keras is imported already, else as soon as it is."""
    if sys.modules.get("keras"):
        import_module("lstm_zoo.layers")
    else:
        sys.meta_path.insert(0, _LayersAfterKeras())


class _LayersAfterKeras(MetaPathFinder):
    """Finds Keras where it would be found anyway, and has the layers imported after it."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        others = (one.find_spec(fullname, path, target) for one in sys.meta_path if one is not self)
        spec = next((one for one in others if one is not None), None)
        if spec is not None and spec.loader is not None:
            executed = spec.loader.exec_module

            def with_layers(module):
                executed(module)
                if self in sys.meta_path:  # until now: others may have asked where Keras is, and not imported it
                    sys.meta_path.remove(self)
                import_module("lstm_zoo.layers")

            spec.loader.exec_module = with_layers  # type: ignore[method-assign]
        return spec
