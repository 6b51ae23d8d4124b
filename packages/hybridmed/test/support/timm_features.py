# Features that timm computes in float64 from values drawn by a formula of integers, of architectures cut in depth; writes
# fixtures/timm-features.json: python timm_features.py ../fixtures/timm-features.json. With --all FOLDER every architecture of the tables in
# packages/vision gets a folder (model.safetensors, config.json, expected.safetensors): HYBRIDMED_TIMM_TABLE=FOLDER npx vitest run
# packages/hybridmed/test/timm-features.test.ts holds ours against them. Needs torch, timm, safetensors, and a built checkout.
import json, math, os, subprocess, sys, tempfile
import numpy as np, timm, torch
from safetensors.numpy import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
SIZE = 64
CUTS = [("vit", dict(depth=1)), ("flexivit", dict(depth=1)), ("deit", dict(depth=1)), ("eva_large", dict(depth=1)), ("test_vit", dict(depth=1)),
        ("convnext", dict(depths=[1, 1, 1, 1])), ("densenet", dict(block_config=[2, 2, 2, 2]))]
KEPT = ["vit_tiny_patch16_224", "vit_small_patch14_reg4_dinov2", "vit_base_patch32_siglip_256", "resnet18", "densenet121", "efficientnet_b0", "tf_efficientnet_lite0", "mobilenetv2_100",
        "mobilenetv3_small_100", "tf_mobilenetv3_small_100", "convnext_atto", "convnext_tiny"]


def drawn(name, shape):
    """Values in [-1, 1) by the tensor's name and each element's number."""
    seed = 0x811C9DC5
    for byte in name.encode(): seed = ((seed ^ byte) * 0x01000193) & 0xFFFFFFFF
    x = (np.arange(math.prod(shape), dtype=np.uint64) * 2654435761 + seed) & 0xFFFFFFFF
    x ^= x >> 15
    x = (x * 2246822519) & 0xFFFFFFFF
    x ^= x >> 13
    return (x.astype(np.float64) / 2**31 - 1).reshape(shape)


def values(name, shape):
    v = drawn(name, shape)
    if name.endswith("running_var"): v = 1 + 0.3 * v
    elif name.endswith("running_mean"): v = 0.1 * v
    elif "gamma" in name: v = 0.5 + 0.1 * v
    elif len(shape) == 1: v = 1 + 0.1 * v if name.endswith("weight") else 0.05 * v
    elif shape[0] == 1 and len(shape) == 3: v = 0.2 * v
    else: v = v * 1.3 * math.sqrt(3 / math.prod(shape[1:]))
    return v.astype(np.float32)


def features(name):
    args = next((cut for start, cut in CUTS if name.startswith(start)), dict(layers=[1, 1, 1, 1]) if "resnet" in name else {})
    args = {k: v for k, v in args.items()}
    if "depth" in args: args["img_size"] = SIZE if "patch14" not in name else 56
    model = timm.create_model(name, num_classes=0, **args).eval()
    size = args.get("img_size", SIZE)
    state = {k: values(k, tuple(v.shape)) for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    model.load_state_dict({k: torch.from_numpy(v) for k, v in state.items()}, strict=False)
    model = model.double()
    image = drawn("image", (2, 3, size, size)).astype(np.float32)
    with torch.inference_mode():
        h = model.forward_features(torch.from_numpy(image).double())
        if h.ndim == 4: tokens = h.flatten(2).transpose(1, 2); pooled = tokens.mean(1)
        else: tokens = h[:, model.num_prefix_tokens:]; pooled = model.forward_head(h, pre_logits=True)
    config = dict(architecture=name, num_classes=0, model_args=args, pretrained_cfg=dict(input_size=[3, size, size]))
    return state, config, dict(image=image, tokens=tokens.numpy(), **{"global": pooled.numpy()})


def written(folder, name):
    state, config, made = features(name)
    os.makedirs(folder, exist_ok=True)
    save_file(state, f"{folder}/model.safetensors")
    json.dump(config, open(f"{folder}/config.json", "w"))
    save_file({k: np.ascontiguousarray(v, dtype=np.float32) for k, v in made.items()}, f"{folder}/expected.safetensors")
    return config, made


def kept(name):
    with tempfile.TemporaryDirectory() as folder:
        config, made = written(folder, name)
        told = subprocess.run(["node", f"{HERE}/../../bin/hybridmed.js", "info", f"hf:{folder}", "--json"], capture_output=True, text=True, check=True).stdout
    some = lambda values: dict(max=float(np.abs(values).max()), at=(at := [int(i * values.size / 16) for i in range(16)]), values=[float(f"{values.flat[i]:.8g}") for i in at])
    return dict(json=config, config=json.loads(told)["encoders"][0]["config"], tokens=some(made["tokens"]), **{"global": some(made["global"])})


if sys.argv[1] == "--all":
    tables = [json.load(open(f"{HERE}/../../../vision/test/fixtures/{f}.json")) for f in ("timm-architectures", "timm-convolutional")]
    plain = [n for table in tables for part in table.values() if isinstance(part, dict) for n, facts in part.items() if facts["plain"]]
    for name in [n for n in plain if timm.is_model(n)]:
        if os.path.exists(f"{sys.argv[2]}/{name}/expected.safetensors"): continue
        try: written(f"{sys.argv[2]}/{name}", name); print(name, flush=True)
        # Names of older versions, which this one maps to weights that it no longer has.
        except RuntimeError as error: print(f"{name}: left out: {error}", flush=True)
else:
    rows = ",\n".join(f"    {json.dumps(n)}: {json.dumps(kept(n))}" for n in KEPT)
    open(sys.argv[1], "w").write(f'{{\n  "timm": "{timm.__version__}",\n  "architectures": {{\n{rows}\n  }}\n}}\n')
