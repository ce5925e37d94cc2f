"""What a `.tflite` file is made of: its operators, and whether all of it is in integers."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any, cast

from export.errors import LoweringError


def operators(content: bytes) -> dict[str, int]:
    """How often each operator occurs, over all subgraphs; raise LoweringError for one that the device lacks."""
    schema, model = _parse(content)
    register = cast("dict[str, int]", schema.BuiltinOperator.__dict__)
    names = {code: name for name, code in register.items() if name.isupper()}
    counted: dict[str, int] = {}
    for graph in cast(Sequence[Any], model.subgraphs):
        for operator in cast(Sequence[Any], graph.operators or ()):
            code = model.operatorCodes[operator.opcodeIndex]
            name = names[max(code.builtinCode, code.deprecatedBuiltinCode)]
            if name == "CUSTOM":
                raise LoweringError(
                    f"operator {code.customCode!r} is no builtin of the runtime (Flex or custom); "
                    "replace the layer that needs it, or unroll it"
                )
            counted[name] = counted.get(name, 0) + 1
    return dict(sorted(counted.items()))


def fully_integer(content: bytes) -> bool:
    """No tensor of the file holds floats."""
    schema, model = _parse(content)
    floats = (schema.TensorType.FLOAT32, schema.TensorType.FLOAT16)
    tensors = [
        tensor for graph in cast(Sequence[Any], model.subgraphs) for tensor in cast(Sequence[Any], graph.tensors)
    ]
    return not any(tensor.type in floats for tensor in tensors)


def _parse(content: bytes) -> tuple[Any, Any]:
    schema: Any = import_module("ai_edge_litert.schema_py_generated")
    return schema, schema.ModelT.InitFromPackedBuf(content, 0)
