# Hidden states of a BERT folder on the first 50 findings of Open-I's table, by transformers: `expected.safetensors` (ids, mask, tokens).
import csv, os, sys
import torch
from safetensors.torch import save_file
from transformers import AutoModel, AutoTokenizer

model, table, out = sys.argv[1:4]
texts = [row["findings"] for row in csv.DictReader(open(table, newline="")) if row["findings"].strip()][:50]
tokenizer, net = AutoTokenizer.from_pretrained(model), AutoModel.from_pretrained(model).eval()
batch = tokenizer(texts, return_tensors="pt", padding=True, truncation=True, max_length=128)
with torch.no_grad():
    tokens = net(input_ids=batch["input_ids"], attention_mask=batch["attention_mask"]).last_hidden_state
mask = batch["attention_mask"].float()
save_file({"ids": batch["input_ids"].int(), "mask": mask, "tokens": tokens * mask[..., None]}, os.path.join(out, "expected.safetensors"))
