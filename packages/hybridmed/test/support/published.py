# Writes checkpoints of transformers, timm, torchvision and open_clip with random weights, as these libraries save them, and what they
# compute from given inputs: for each a folder with the checkpoint in `model`, and `expected.safetensors` (image or ids and mask; tokens; global).
import json, os, sys
import torch
from safetensors.torch import save_file

out, full = sys.argv[1], "--full" in sys.argv
torch.manual_seed(0)


def randomize(model):
    """Start values of zero or one would hide what is not read."""
    with torch.no_grad():
        for name, value in list(model.named_parameters()) + list(model.named_buffers()):
            if not value.is_floating_point():
                continue
            if name.endswith("running_var"):
                value.uniform_(0.5, 1.5)
            elif value.dim() < 2:
                value.add_(torch.randn_like(value) * 0.1)
            else:
                value.copy_(torch.randn_like(value) * (0.5 / max(1.0, value[0].numel() ** 0.5)))
    return model.eval()


def state(model, rename=lambda name: name, dtype=None):
    return {rename(k): (v.to(dtype) if dtype and v.is_floating_point() else v).clone().contiguous() for k, v in model.state_dict().items()}


def write(name, expected, tensors=None, config=None, config_name="config.json", file="model.safetensors", save=None, wanted=None):
    folder = os.path.join(out, name, "model")
    os.makedirs(folder, exist_ok=True)
    if save:
        save(folder)
    if tensors:
        save_file(tensors, os.path.join(folder, file), metadata={"format": "pt"})
    if config is not None:
        json.dump(config, open(os.path.join(folder, config_name), "w"))
    save_file({k: v.float().contiguous() if v.is_floating_point() else v.int().contiguous() for k, v in expected.items()}, os.path.join(out, name, "expected.safetensors"))
    json.dump(wanted or {}, open(os.path.join(out, name, "case.json"), "w"))


def image(size, channels=3, batch=2):
    return torch.randn(batch, channels, size, size)


def grey(size):
    return torch.randn(2, 1, size, size)


@torch.no_grad()
def transformers_cases():
    import transformers as T

    small = dict(hidden_size=48, num_hidden_layers=3, num_attention_heads=4)
    vit = randomize(T.ViTModel(T.ViTConfig(**small, intermediate_size=96, image_size=32, patch_size=8)))
    x = image(32)
    h = vit(x).last_hidden_state
    expected = {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}
    write("hf-vit", expected, save=vit.save_pretrained)
    config = vit.config.to_dict()
    write("hf-vit-state-dict", expected, tensors=state(vit), config=config)
    write("hf-vit-prefixed", expected, tensors=state(vit, lambda name: "module.vit." + name), config=config)
    write("hf-vit-sharded", expected, save=lambda d: vit.save_pretrained(d, max_shard_size="60KB"))
    bf16 = state(vit, dtype=torch.bfloat16)
    half = T.ViTModel(vit.config).eval()
    half.load_state_dict({k: v.float() for k, v in bf16.items()})
    h = half(x).last_hidden_state
    write("hf-vit-bf16", {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}, tensors=bf16, config=config)
    f16 = state(vit, dtype=torch.float16)
    half.load_state_dict({k: v.float() for k, v in f16.items()})
    h = half(x).last_hidden_state
    write("hf-vit-f16", {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}, tensors=f16, config=config)
    big = image(56)
    h = vit(big, interpolate_pos_encoding=True).last_hidden_state
    write("hf-vit-resampled-up", {"image": big, "tokens": h[:, 1:], "global": h[:, 0]}, save=vit.save_pretrained)
    tiny = image(24)
    h = vit(tiny, interpolate_pos_encoding=True).last_hidden_state
    write("hf-vit-resampled-down", {"image": tiny, "tokens": h[:, 1:], "global": h[:, 0]}, save=vit.save_pretrained)
    g = grey(32)
    h = vit(g.expand(-1, 3, -1, -1)).last_hidden_state
    write("hf-vit-grey", {"image": g, "tokens": h[:, 1:], "global": h[:, 0]}, save=vit.save_pretrained)
    classifier = randomize(T.ViTForImageClassification(T.ViTConfig(**small, intermediate_size=96, image_size=32, patch_size=8, qkv_bias=False)))
    h = classifier.vit(x).last_hidden_state
    write("hf-vit-classifier", {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}, save=classifier.save_pretrained)
    deit = randomize(T.DeiTModel(T.DeiTConfig(**small, intermediate_size=96, image_size=32, patch_size=8)))
    h = deit(x).last_hidden_state
    write("hf-deit", {"image": x, "tokens": h[:, 2:], "global": h[:, 0]}, save=deit.save_pretrained)
    x = image(42)
    for name, swiglu in (("hf-dinov2", False), ("hf-dinov2-swiglu", True)):
        model = randomize(T.Dinov2Model(T.Dinov2Config(**small, image_size=42, patch_size=14, use_swiglu_ffn=swiglu)))
        h = model(x).last_hidden_state
        expected = {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}
        write(name, expected, save=model.save_pretrained)
        write(name + "-state-dict", expected, tensors=state(model), config=model.config.to_dict())
        other = image(70)
        h = model(other).last_hidden_state
        write(name + "-resampled", {"image": other, "tokens": h[:, 1:], "global": h[:, 0]}, save=model.save_pretrained)
    model = randomize(T.Dinov2WithRegistersModel(T.Dinov2WithRegistersConfig(**small, image_size=42, patch_size=14, num_register_tokens=4)))
    for name, size in (("hf-dinov2-registers", 42), ("hf-dinov2-registers-resampled", 70), ("hf-dinov2-registers-resampled-down", 28)):
        x = image(size)
        h = model(x).last_hidden_state
        write(name, {"image": x, "tokens": h[:, 5:], "global": h[:, 0]}, save=model.save_pretrained)
    clip = randomize(T.CLIPVisionModel(T.CLIPVisionConfig(**small, intermediate_size=96, image_size=32, patch_size=8)))
    x = image(32)
    h = clip(x)
    write("hf-clip-vision", {"image": x, "tokens": (getattr(clip, "vision_model", clip)).post_layernorm(h.last_hidden_state)[:, 1:], "global": h.pooler_output}, save=clip.save_pretrained)

    bert_config = T.BertConfig(**small, intermediate_size=96, vocab_size=120, max_position_embeddings=40, layer_norm_eps=1e-6)
    ids = torch.randint(0, 120, (3, 17))
    mask = torch.ones(3, 17)
    mask[1, 9:] = 0
    mask[2, 3:] = 0
    for name, cls in (("bert", T.BertModel), ("bert-masked-lm", T.BertForMaskedLM), ("bert-classifier", T.BertForSequenceClassification)):
        model = randomize(cls(bert_config))
        base = getattr(model, "bert", model)
        h = base(input_ids=ids, attention_mask=mask).last_hidden_state * mask[..., None]
        expected = {"ids": ids, "mask": mask, "tokens": h, "global": h[:, 0]}
        write(name, expected, save=model.save_pretrained)
        if name == "bert":
            old = state(model, lambda k: "module.bert." + k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"))
            write("bert-gamma-beta", expected, tensors=old, config=bert_config.to_dict())
            bare = {k: v for k, v in state(model).items() if not k.startswith("pooler")}
            write("bert-no-pooler", expected, tensors=bare, config=bert_config.to_dict())
            write("bert-sharded", expected, save=lambda d: model.save_pretrained(d, max_shard_size="100KB"))


@torch.no_grad()
def timm_cases():
    import timm

    def features(model, x):
        h = model.forward_features(x)
        return {"image": x, "tokens": h[:, model.num_prefix_tokens :], "global": model.forward_head(h, pre_logits=True)}

    base = dict(embed_dim=192, depth=2, num_heads=3, img_size=32, patch_size=8)
    for name, args in (
        ("timm-vit", dict()),
        ("timm-vit-classes", dict(num_classes=7)),
        ("timm-vit-layer-scale", dict(init_values=1e-5)),
        ("timm-vit-registers", dict(reg_tokens=4, no_embed_class=True, init_values=1e-5)),
        ("timm-vit-registers-placed", dict(reg_tokens=4)),
        ("timm-vit-no-embed-class", dict(no_embed_class=True)),
        ("timm-vit-average", dict(global_pool="avg")),
        ("timm-vit-average-no-class", dict(global_pool="avg", class_token=False)),
        ("timm-vit-average-normed", dict(global_pool="avg", fc_norm=False)),
        ("timm-vit-pre-norm", dict(pre_norm=True)),
    ):
        args = {"num_classes": 0, **args}
        model = randomize(timm.models.vision_transformer.VisionTransformer(**base, **args))
        config = {"architecture": "vit_tiny_patch16_224", "model_args": {**base, **args}}
        if args.get("pre_norm"):
            config["layer_norm_eps"] = 1e-6
        x = image(32)
        write(name, features(model, x), tensors=state(model), config=config)
        if name in ("timm-vit", "timm-vit-registers"):
            other = timm.models.vision_transformer.VisionTransformer(**{**base, "img_size": 56}, **args).eval()
            weights = timm.models.vision_transformer.checkpoint_filter_fn(state(model), other)
            other.load_state_dict(weights)
            write(name + "-resampled", features(other, image(56)), tensors=state(model), config=config)
            other = timm.models.vision_transformer.VisionTransformer(**{**base, "img_size": 16}, **args).eval()
            other.load_state_dict(timm.models.vision_transformer.checkpoint_filter_fn(state(model), other))
            write(name + "-resampled-down", features(other, image(16)), tensors=state(model), config=config)
    swiglu = timm.models.vision_transformer.VisionTransformer(**base, num_classes=0, mlp_layer=timm.layers.SwiGLUPacked, act_layer=torch.nn.SiLU, mlp_ratio=5.33334, init_values=1e-5)
    randomize(swiglu)
    write("timm-vit-swiglu", features(swiglu, image(32)), tensors=state(swiglu))
    clip = randomize(timm.create_model("vit_base_patch16_clip_quickgelu_224", num_classes=0, img_size=32, patch_size=8, embed_dim=192, depth=2, num_heads=3))
    write("timm-clip-quickgelu", features(clip, image(32)), tensors=state(clip), config={"architecture": "vit_base_patch16_clip_quickgelu_224", "num_heads": 3})
    for name in ("resnet18", "resnet34", "resnet50"):
        model = randomize(timm.create_model(name, num_classes=5))
        x = image(64)
        h = model.forward_features(x)
        write("timm-" + name, {"image": x, "tokens": h.flatten(2).transpose(1, 2), "global": h.mean((2, 3))}, tensors=state(model))
    if full:
        model = randomize(timm.create_model("vit_base_patch16_224", num_classes=1000))
        write("full-timm-vit-base", features(model, image(224, batch=1)), tensors=state(model), config={"architecture": "vit_base_patch16_224", "num_classes": 1000})
        model = randomize(timm.create_model("vit_small_patch14_reg4_dinov2", num_classes=0, img_size=224))
        write("full-timm-dinov2-small", features(model, image(224, batch=1)), tensors=state(model))


@torch.no_grad()
def torchvision_cases():
    import torchvision

    def resnet(model, x):
        h = model.maxpool(model.relu(model.bn1(model.conv1(x))))
        h = model.layer4(model.layer3(model.layer2(model.layer1(h))))
        return {"image": x, "tokens": h.flatten(2).transpose(1, 2), "global": h.mean((2, 3))}

    for name in ("resnet18", "resnet34", "resnet101"):
        model = randomize(getattr(torchvision.models, name)())
        write("torchvision-" + name, resnet(model, image(64)), tensors=state(model))
    model = randomize(torchvision.models.resnet50())
    g = grey(64)
    expected = resnet(model, g.expand(-1, 3, -1, -1))
    write("torchvision-resnet50-grey", {**expected, "image": g}, tensors=state(model, lambda name: "backbone." + name))
    if full:
        write("full-torchvision-resnet50", resnet(model, image(224, batch=1)), tensors=state(model))

    def vit(model, x):
        h = model._process_input(x)
        h = model.encoder(torch.cat([model.class_token.expand(x.shape[0], -1, -1), h], 1))
        return {"image": x, "tokens": h[:, 1:], "global": h[:, 0]}

    make = lambda size: torchvision.models.VisionTransformer(image_size=size, patch_size=8, num_layers=2, num_heads=3, hidden_dim=192, mlp_dim=384)
    model = randomize(make(32))
    write("torchvision-vit", vit(model, image(32)), tensors=state(model))
    for name, size in (("torchvision-vit-resampled", 48), ("torchvision-vit-resampled-down", 16)):
        other = make(size).eval()
        other.load_state_dict(torchvision.models.vision_transformer.interpolate_embeddings(size, 8, model.state_dict()))
        write(name, vit(other, image(size)), tensors=state(model))


@torch.no_grad()
def open_clip_cases():
    import open_clip

    def tower(model, x):
        model.visual.output_tokens = True
        model.visual.proj = None
        pooled, tokens = model.visual(x)
        return {"image": x, "tokens": tokens, "global": pooled}

    text = dict(context_length=16, vocab_size=64, width=32, heads=2, layers=1)
    for name, vision, quick in (
        ("open-clip", dict(), False),
        ("open-clip-quick-gelu", dict(), True),
        ("open-clip-average", dict(pool_type="avg"), False),
        ("open-clip-average-normed", dict(pool_type="avg", final_ln_after_pool=True), False),
        ("open-clip-layer-scale", dict(ls_init_value=0.1), False),
    ):
        cfg = dict(embed_dim=24, vision_cfg=dict(image_size=32, patch_size=8, width=64, layers=2, head_width=32, **vision), text_cfg=text, quick_gelu=quick)
        model = randomize(open_clip.CLIP(cfg["embed_dim"], cfg["vision_cfg"], cfg["text_cfg"], quick_gelu=quick))
        weights = state(model)
        write(name, tower(model, image(32)), tensors=weights, config={"model_cfg": cfg}, config_name="open_clip_config.json", file="open_clip_model.safetensors")


for cases in (transformers_cases, timm_cases, torchvision_cases, open_clip_cases):
    try:
        cases()
    except ImportError as problem:
        print(f"left out: {problem}")
