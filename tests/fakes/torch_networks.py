"""A network as PyTorch exports it. Called in a child process, where torch is installed."""
# torch is no dependency, so the checker may not find it. The function's own signature is typed.
# pyright: reportMissingImports=false, reportUnknownMemberType=false, reportUnknownVariableType=false

from importlib import import_module
from pathlib import Path
from typing import Any


def save_cnn_lstm(path: Path) -> None:
    """Convolutions, then an LSTM over the rows of what they see; untrained, `x` (1, 1, 48, 48) to seven logits."""
    torch: Any = import_module("torch")
    nn = torch.nn

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.seen = nn.Sequential(
                nn.Conv2d(1, 8, 3, stride=2, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(4)
            )
            self.rows = nn.LSTM(48, 16, batch_first=True)
            self.said = nn.Linear(16, 7)

        def forward(self, x: Any) -> Any:
            rows, _ = self.rows(self.seen(x).permute(0, 2, 1, 3).flatten(2))
            return self.said(rows[:, -1])

    torch.manual_seed(0)
    torch.onnx.export(Network().eval(), (torch.zeros(1, 1, 48, 48),), str(path), input_names=["x"], dynamo=False)
