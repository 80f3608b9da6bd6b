/**
 * The circles in a graph of imports: each as the files along it, the first repeated at the end. Reports at least one
 * circle for every group of files that reach one another.
 *
 * @param {ReadonlyMap<string, readonly string[]>} imports by file
 * @returns {string[][]}
 */
export function findCircles(imports) {
  const circles = [];
  const done = new Set();
  const path = [];
  const visit = (file) => {
    if (done.has(file)) return;
    const seen = path.indexOf(file);
    if (seen >= 0) {
      circles.push([...path.slice(seen), file]);
      return;
    }
    path.push(file);
    for (const next of imports.get(file) ?? []) visit(next);
    path.pop();
    done.add(file);
  };
  for (const file of imports.keys()) visit(file);
  return circles;
}
