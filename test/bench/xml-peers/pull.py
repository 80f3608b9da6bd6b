"""The loop with which healthkit-to-sqlite reads an export: Python's XMLPullParser, fed a mebibyte at a time, its tree cleared
as it goes. Prints "records metadata sum milliseconds" of the glucose; stores nothing.
"""
import sys
import time
from xml.etree import ElementTree

records, metadata, total = 0, 0, 0.0
parser = ElementTree.XMLPullParser(["start", "end"])
root = None
begun = time.perf_counter()
with open(sys.argv[1], "rb") as file:
    while chunk := file.read(1 << 20):
        parser.feed(chunk)
        for event, element in parser.read_events():
            if root is None:
                root = element
            if event != "end" or element.tag != "Record":
                continue
            if element.get("type") == "HKQuantityTypeIdentifierBloodGlucose":
                records += 1
                metadata += len(element.findall("MetadataEntry"))
                total += float(element.get("value"))
            root.clear()
print(records, metadata, f"{total:.0f}", f"{(time.perf_counter() - begun) * 1e3:.3f}")
