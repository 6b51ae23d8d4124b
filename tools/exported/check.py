"""Checks exported graphs: ONNX's own checker, outputs in ONNX Runtime, and the generation loop of examples/run-exported."""

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

folder, example = Path(sys.argv[1]), Path(sys.argv[2])
sys.path.insert(0, str(example))
sys.dont_write_bytecode = True
import generate  # noqa: E402

TYPES = {"f32": np.float32, "i32": np.int32}


def arrays(named):
    return {name: np.array(one["data"], TYPES[one["dtype"]]).reshape(one["shape"]) for name, one in named.items()}


cases = json.loads((folder / "cases.json").read_text())
errors, opens = {}, {}
for case in cases["graphs"]:
    path = folder / case["file"]
    onnx.checker.check_model(str(path), full_check=True)
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    values = generate.run(session, arrays(case["inputs"]))
    expected = arrays(case["outputs"])
    gaps = [float(np.abs(values[name] - value).max()) if values[name].shape == value.shape else 1e30 for name, value in expected.items()]
    errors[case["file"]] = max(errors.get(case["file"], 0), *gaps)
    opens[case["file"]] = sorted({size for one in session.get_inputs() for size in one.shape if isinstance(size, str)})
texts = {
    case["folder"]: generate.greedy(generate.open_part(folder, case["folder"]), arrays(case["inputs"]), case["settings"]["special"], case["settings"]["maxTokens"])
    for case in cases["texts"]
}
print(json.dumps({"errors": errors, "texts": texts, "opens": opens}))
