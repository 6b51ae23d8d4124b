"""The reference: PyTorch's DataLoader over the same files. Prints a line of JSON.

    python pytorch_loader.py '{"kind": "files" | "shards", "files": FILE, "resize": 256, "crop": 224, "channels": 3, "batch": 32, "workers": 2, "epochs": 5}'

`files` names a JSON list: images (JPEG, PNG through Pillow; DICOM through pydicom), or WebDataset shards. No texts are tokenized.
"""
import json
import os
import random
import sys
import time

import numpy as np
import torch
from PIL import Image

case = json.loads(sys.argv[1])
names = json.load(open(case['files']))
resize, crop, channels = case['resize'], case['crop'], case['channels']


def read(name):
    if not name.endswith('.dcm'):
        return Image.open(name).convert('L')
    import pydicom
    from pydicom.pixels import apply_modality_lut, apply_voi_lut
    ds = pydicom.dcmread(name)
    try:
        shown = apply_voi_lut(apply_modality_lut(ds.pixel_array, ds), ds).astype(np.float32)
    except ValueError:  # a window that is none
        shown = apply_modality_lut(ds.pixel_array, ds).astype(np.float32)
    span = shown.max() - shown.min()
    grey = (shown - shown.min()) * (255 / span if span > 0 else 0)
    return Image.fromarray((255 - grey if ds.PhotometricInterpretation == 'MONOCHROME1' else grey).astype(np.uint8))


def prepare(image):
    scale = resize / max(image.size)
    width, height = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if image.size != (width, height):
        image = image.resize((width, height), Image.BILINEAR)
    square = Image.new('L', (resize, resize))
    square.paste(image, ((resize - width) // 2, (resize - height) // 2))
    top, left = random.randint(0, resize - crop), random.randint(0, resize - crop)
    pixels = np.asarray(square)[top:top + crop, left:left + crop]
    return torch.from_numpy(pixels.astype(np.float32)).div_(127.5).sub_(1).expand(channels, crop, crop).contiguous()


class Files(torch.utils.data.Dataset):
    def __len__(self):
        return len(names)

    def __getitem__(self, index):
        return prepare(read(names[index]))


def batches():
    options = {'batch_size': case['batch'], 'num_workers': case['workers'], 'persistent_workers': case['workers'] > 0}
    if case['kind'] == 'files':
        return torch.utils.data.DataLoader(Files(), shuffle=True, drop_last=True, **options)
    import webdataset as wds
    data = wds.WebDataset(names, shardshuffle=len(names), nodesplitter=None, empty_check=False).shuffle(1000).decode('pill').to_tuple('png').map(lambda sample: prepare(sample[0]))
    return torch.utils.data.DataLoader(data, drop_last=True, **options)


def resident_mib():
    """Memory of this process and its workers, shared memory counted once."""
    pids = [os.getpid()]
    for task in os.listdir('/proc/self/task'):
        pids += open(f'/proc/self/task/{task}/children').read().split()
    total = 0
    for pid in pids:
        try:
            for line in open(f'/proc/{pid}/smaps_rollup'):
                if line.startswith('Pss:'):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total // 1024


loader = batches()
resident, count, seconds = 0, 0, 0
for epoch in range(1 + case['epochs']):  # the first warms up
    start = time.perf_counter()
    for step, batch in enumerate(loader):
        if epoch > 0:
            count += len(batch)
        elif step == 3:  # while batches are in flight
            resident = resident_mib()
    if epoch > 0:
        seconds += time.perf_counter() - start
    resident = max(resident, resident_mib())
print(json.dumps({'studies': count, 'studiesPerSecond': round(count / seconds, 1), 'residentMiB': resident}))
