// What a plug-in in AssemblyScript might do: build and sort strings, count
// words, and sum floats.
export function work(n: i32): i32 {
  const words = new Map<string, i32>();
  const lines = new Array<string>();
  for (let i = 0; i < n; i++) {
    const line = "line " + (i * 7919 % 1000).toString() + " of a text";
    lines.push(line);
    const parts = line.split(" ");
    for (let j = 0; j < parts.length; j++) {
      const word = parts[j];
      words.set(word, words.has(word) ? words.get(word) + 1 : 1);
    }
  }
  lines.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  let sum: f64 = 0;
  for (let i = 0; i < lines.length; i++) sum += Math.sqrt(f64(lines[i].length + i));
  return words.size + lines[0].length + i32(sum);
}
