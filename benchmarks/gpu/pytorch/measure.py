"""`python measure.py DEVICE`: reads what to measure as one JSON line from standard input, and prints a JSON line for each measurement."""
import json, sys, time


def say(**fields):
    print(json.dumps(fields), flush=True)


try:
    import torch
except ImportError:
    say(kind="absent", reason="PyTorch is not installed in this Python")
    sys.exit(0)
import model

device = sys.argv[1]
if device == "cuda" and not torch.cuda.is_available():
    say(kind="absent", reason=f"PyTorch {torch.__version__} finds no CUDA device")
    sys.exit(0)
cuda = device == "cuda"
synchronize = torch.cuda.synchronize if cuda else lambda: None
torch.backends.cuda.matmul.allow_tf32 = False
torch.backends.cudnn.allow_tf32 = False


def product(name, size, half):
    a, b = (torch.randn(size, size, device=device, dtype=torch.float16 if half else torch.float32) for _ in range(2))
    samples = []
    times = 1
    for sample in range(7):
        synchronize()
        start = time.perf_counter()
        for _ in range(times): a @ b
        synchronize()
        took = 1000 * (time.perf_counter() - start) / times
        # Two runs warm up; then each sample lasts about 50 ms.
        if sample < 2: times = max(1, min(200, int(50 / max(took, 0.01))))
        else: samples.append(took)
    say(kind="product", case=name, samples=samples)


def batch_of(sizes, batch, vocabulary, lengths):
    image, ids = sizes["vision"], lambda n: torch.randint(10, vocabulary, (batch, n), device=device)
    ones = lambda n: torch.ones(batch, n, device=device)
    impression = ids(lengths["impression"])
    return dict(image=torch.randn(batch, image["channels"], image["imageSize"], image["imageSize"], device=device), findings=ids(lengths["findings"]),
                findings_mask=ones(lengths["findings"]), impression=impression, impression_mask=ones(lengths["impression"]),
                input=impression[:, :-1].contiguous(), target=impression[:, 1:].contiguous(), target_mask=ones(lengths["impression"] - 1))


def read_inputs(file, layout):
    """Arrays of 32-bit numbers that lie one after the other in a file, in the order of the layout."""
    with open(file, "rb") as stream: data = bytearray(stream.read())
    arrays, at = {}, 0
    for name, shape, kind in layout:
        count = 1
        for n in shape: count *= n
        values = torch.frombuffer(data, dtype=torch.int32 if kind == "i32" else torch.float32, count=count, offset=at).reshape(shape)
        arrays[name] = (values.long() if kind == "i32" else values.clone()).to(device)
        at += 4 * count
    return arrays


def step(case, config, batch, vocabulary, lengths, parameters, weights, tau, precision, steps, inputs=None, layout=None):
    if cuda: torch.cuda.empty_cache(); torch.cuda.reset_peak_memory_stats()
    torch.manual_seed(0)
    given = read_inputs(inputs, layout) if inputs else None
    P = {}
    for name, shape, decays in parameters:
        start = given[name] if given else 0.02 * torch.randn(shape, device=device)
        if not given and "norm" in name.lower() and name.endswith("weight"): start = torch.ones(shape, device=device)
        P[name] = torch.nn.Parameter(start)
    T = {name: p.detach().clone() for name, p in P.items() if name.startswith("text.") or (name.startswith("decoder.") and ".image." not in name)}
    data = {name: given[name] for name in ("image", "findings", "findings_mask", "impression", "impression_mask", "input", "target", "target_mask")} if given else batch_of(config, batch, vocabulary, lengths)
    groups = [dict(params=[P[n] for n, _, d in parameters if bool(d) == decayed], weight_decay=0.05 if decayed else 0.0) for decayed in (True, False)]
    optimizer = torch.optim.AdamW(groups, lr=1e-4, fused=cuda)
    mixed = precision == "mixed"
    scaler = torch.amp.GradScaler(device, enabled=mixed)
    first, samples = None, []
    for i in range(steps + 2):
        synchronize()
        start = time.perf_counter()
        with torch.autocast(device, dtype=torch.float16, enabled=mixed):
            loss = model.losses(P, T, config, data, weights, tau)
        optimizer.zero_grad(set_to_none=True)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(list(P.values()), 1.0)
        scaler.step(optimizer)
        scaler.update()
        value = loss.item()
        synchronize()
        if i == 0: first = value
        if i >= 2: samples.append(1000 * (time.perf_counter() - start))
    peak = torch.cuda.max_memory_allocated() / 2**20 if cuda else None
    say(kind="step", case=case, samples=samples, firstLoss=first, peakMiB=peak)
    del P, T, data, optimizer


request = json.loads(sys.stdin.readline())
say(kind="device", name=torch.cuda.get_device_name() if cuda else "the processor", version=torch.__version__)
for one in request["products"]: product(**one)
for one in request["steps"]:
    try: step(**one)
    except RuntimeError as error: say(kind="failed", case=one["case"], reason=str(error).split("\n")[0])
