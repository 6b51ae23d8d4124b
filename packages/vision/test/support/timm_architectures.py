# Reads what timm's vision transformers, DeiTs and ResNets are made of from timm's own source (no torch needed), and whether ours compute the
# same, and writes fixtures/timm-architectures.json: python timm_architectures.py FOLDER_WITH_timm fixtures/timm-architectures.json
import ast, json, os, re, sys

source, out = sys.argv[1:3]
PLAIN_VIT = set("patch_size embed_dim depth num_heads mlp_ratio qkv_bias init_values class_token global_pool fc_norm pre_norm norm_layer act_layer mlp_layer no_embed_class reg_tokens dynamic_img_size img_size".split())
NORMS = {None: 1e-6, "partial(LayerNorm, eps=1e-05)": 1e-5}


def models(file):
    """Each registered model's keyword arguments, as source text, and the deprecated names of others."""
    tree = ast.parse(open(os.path.join(source, "timm", "models", file)).read())
    found, aliases = {}, {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and any(getattr(d, "id", "") == "register_model" for d in node.decorator_list):
            dicts = [n.value for n in ast.walk(node) if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "model_args"]
            calls = [n for n in ast.walk(node) if isinstance(n, ast.Call) and getattr(n.func, "id", "").startswith("_create")]
            extra = [k for call in calls for k in call.keywords if k.arg not in (None, "pretrained")]
            found[node.name] = {k.arg: ast.unparse(k.value) for k in (dicts[0].keywords if dicts else []) + extra}
        if isinstance(node, ast.Expr) and getattr(getattr(node.value, "func", None), "id", "") == "register_model_deprecations":
            aliases = {k.value: v.value.split(".")[0] for k, v in zip(node.value.args[1].keys, node.value.args[1].values)}
    return {**found, **{old: found[new] for old, new in aliases.items()}}


def transformer(args):
    text = lambda key, default: args.get(key, default).strip("'")
    pool, act = text("global_pool", "token"), text("act_layer", "gelu")
    gated = "mlp_layer" in args and args["mlp_layer"] == "SwiGLUPacked" and act == "nn.SiLU"
    width = int(args["embed_dim"])
    hidden = int(width * eval(args.get("mlp_ratio", "4")))
    plain = set(args) <= PLAIN_VIT and pool in ("token", "avg", "map") and (gated or act in ("gelu", "quick_gelu", "gelu_tanh")) and args.get("norm_layer") in NORMS
    class_token = args.get("class_token") != "False"
    fc_norm = {None: pool == "avg", "True": True, "False": False}[args.get("fc_norm")]
    facts = dict(
        plain=plain, width=width, heads=int(args["num_heads"]), ffn=hidden // 2 if gated else hidden, mlp="swiglu" if gated else {"quick_gelu": "quickGelu", "gelu_tanh": "geluTanh"}.get(act, "gelu"),
        epsilon=NORMS.get(args.get("norm_layer")), pool="attention" if pool == "map" else "meanNormed" if fc_norm else "class" if pool == "token" else "mean", classToken=class_token,
        registers=int(args.get("reg_tokens", 0)), preNorm=args.get("pre_norm") == "True", layerScale="init_values" in args, qkvBias=args.get("qkv_bias") != "False",
    )
    usual = dict(mlp="gelu", epsilon=1e-6, pool="class", classToken=True, registers=0, preNorm=False, layerScale=False, qkvBias=True, ffn=4 * width)
    return {k: v for k, v in facts.items() if usual.get(k, "") != v and v is not None}


def resnet(args):
    return dict(plain=set(args) <= {"block", "layers"}, block="basic" if args.get("block") == "BasicBlock" else "bottleneck")


vits = {name: transformer(args) for file in ("vision_transformer.py", "deit.py") for name, args in models(file).items() if "embed_dim" in args}
resnets = {name: resnet(args) for name, args in models("resnet.py").items()}
lines = lambda table: "{\n" + ",\n".join(f'    {json.dumps(k)}: {json.dumps(v)}' for k, v in sorted(table.items())) + "\n  }"
version = re.search(r"'(.+)'", open(os.path.join(source, "timm", "version.py")).read()).group(1)
open(out, "w").write(f'{{\n  "timm": "{version}",\n  "transformers": {lines(vits)},\n  "resnets": {lines(resnets)}\n}}\n')
