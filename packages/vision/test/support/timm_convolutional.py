# What timm's EfficientNets, MobileNets, DenseNets and ConvNeXts compute, read from the networks that timm makes (without values), and whether
# ours compute the same; writes fixtures/timm-convolutional.json: python timm_convolutional.py fixtures/timm-convolutional.json
import json, sys
import timm, torch

FAMILIES = ("efficientnet", "tf_efficientnet", "mobilenetv2", "mobilenetv3", "tf_mobilenetv3", "densenet", "convnext")
ACTIVATIONS = {"SiLU": "silu", "ReLU6": "relu6", "ReLU": "relu", "Hardswish": "hardSwish", "Sigmoid": "sigmoid", "Hardsigmoid": "hardSigmoid"}


def one(values):
    """The only value, or None where there are several or none."""
    values = set(values)
    return values.pop() if len(values) == 1 else None


def activation(norm):
    return ACTIVATIONS.get(type(norm.act).__name__)


def inverted_residuals(model):
    kinds = {type(m).__name__ for m in model.modules()}
    epsilon = one(m.eps for m in model.modules() if hasattr(m, "eps"))
    blocks = [list(stage) for stage in model.blocks]
    head = len(blocks[-1]) == 1 and type(blocks[-1][0]).__name__ == "ConvBnAct"
    body = blocks[:-1] if head else blocks
    plain = not any("Blur" in k or "CondConv" in k for k in kinds) and all(type(b).__name__ in ("DepthwiseSeparableConv", "InvertedResidual") for s in body for b in s)
    if not plain or type(model.bn1).__name__ != "BatchNormAct2d" or epsilon is None:
        return dict(plain=False)
    depthwise = [[b.conv_dw for b in s] for s in body]
    plain = all(c.groups == c.in_channels and c.dilation == (1, 1) for s in depthwise for c in s) and all(c.stride == (1, 1) for s in depthwise for c in s[1:])
    plain = plain and model.conv_stem.kernel_size == (3, 3) and model.conv_stem.stride == (2, 2)
    first = [one(activation(b.bn1) for b in s) for s in body]
    own = activation(model.bn1)
    relu = next((i for i, a in enumerate(first) if a == own), len(first)) if own != "relu" else 0
    plain = plain and all(a == ("relu" if i < relu else own) for i, a in enumerate(first))
    squeezes = [m for m in model.modules() if type(m).__name__ == "SqueezeExcite"]
    inner, gate = one(ACTIVATIONS[type(m.act1).__name__] for m in squeezes), one(ACTIVATIONS[type(m.gate).__name__] for m in squeezes)
    facts = dict(naming="timm_mobilenetv3" if head else "timm", strides=[s[0].stride[0] for s in depthwise], activation=own, epsilon=epsilon)
    if relu: facts["reluStages"] = relu
    if any("Same" in k for k in kinds): facts["padding"] = "same"
    if squeezes and inner is None: plain = False
    if squeezes and (inner != own or gate != "sigmoid"): facts.update(squeezeActivation=inner, gate=gate)
    if not squeezes: facts["squeezes"] = False
    elif len(squeezes) == sum(map(len, body)): facts["squeezes"] = True
    return dict(plain=plain, **facts) if plain else dict(plain=False)


def facts(name):
    with torch.device("meta"):
        model = timm.create_model(name)
    kinds = {type(m).__name__ for m in model.modules()}
    if hasattr(model, "blocks"):
        return inverted_residuals(model)
    if name.startswith("densenet"):
        return dict(plain="BlurPool2d" not in kinds and not hasattr(model.features, "conv1"))
    plain = not any(k.startswith(("Rms", "Simple", "GlobalResponse")) for k in kinds) and len(model.stem) == 2 and not any(n.startswith("norm_pre.") for n in model.state_dict())
    return dict(plain=plain, **(dict(epsilon=one(m.eps for m in model.modules() if hasattr(m, "eps"))) if plain else {}))


names = [n for n in timm.list_models() if n.startswith(FAMILIES)]
rows = ",\n".join(f"    {json.dumps(n)}: {json.dumps(facts(n))}" for n in names)
open(sys.argv[1], "w").write(f'{{\n  "timm": "{timm.__version__}",\n  "networks": {{\n{rows}\n  }}\n}}\n')
