"""A bundle in; the same bundle with the float twin of every network in its place, out."""

import msgspec

from edge.bundle import Bundle
from edge.bundle_contract import FaceModel, FusionModel, WristModel


def twin(bundle: Bundle) -> Bundle:
    """What the bundle would say had nothing been lowered: the same scaling, state and temperature, float files."""
    models = bundle.contract.models
    floats = msgspec.structs.replace(
        models, face=_lifted(models.face), wrist=_lifted(models.wrist), fusion=_lifted(models.fusion)
    )
    return Bundle(bundle.path, bundle.manifest, msgspec.structs.replace(bundle.contract, models=floats))


def _lifted(model: FaceModel | WristModel | FusionModel | None) -> FaceModel | WristModel | FusionModel | None:
    if model is None or model.network is None or model.network.float_file is None:
        return model
    lifted = msgspec.structs.replace(model.network, file=model.network.float_file, onnx=None)
    return msgspec.structs.replace(model, network=lifted)
