# Loads saved encoders with transformers and timm, unchanged, and writes what they compute: for each folder given, `input.safetensors` beside
# `model` (image, or ids and mask) gives `output.safetensors` (tokens; tokens at padding are 0).
import os, sys
import torch
from safetensors.torch import load_file, save_file

for folder in sys.argv[1:]:
    given = load_file(os.path.join(folder, "input.safetensors"))
    model = os.path.join(folder, "model")
    with torch.no_grad():
        if "image" in given:
            import timm

            net = timm.create_model(f"local-dir:{model}", pretrained=True).eval()
            h = net.forward_features(given["image"])
            tokens = h.flatten(2).transpose(1, 2) if h.dim() == 4 else h[:, net.num_prefix_tokens :]
        else:
            from transformers import AutoModel, AutoTokenizer

            net = AutoModel.from_pretrained(model, add_pooling_layer=False).eval()
            tokens = net(input_ids=given["ids"].long(), attention_mask=given["mask"]).last_hidden_state * given["mask"][..., None]
            assert len(AutoTokenizer.from_pretrained(model)) == net.config.vocab_size
    save_file({"tokens": tokens.contiguous()}, os.path.join(folder, "output.safetensors"))
