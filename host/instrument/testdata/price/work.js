// What a plug-in in JavaScript might do: call functions, and build, write and
// read data.
(() => {
  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  const rows = Array.from({length: 200}, (_, i) => ({id: i, name: "row " + i, tags: ["a", "b", "" + fib(i % 10)]}));
  const back = JSON.parse(JSON.stringify(rows));
  const sorted = back.sort((a, b) => b.name.localeCompare(a.name)).map((r) => r.name.toUpperCase().replace(/O/g, "0"));
  return fib(16) + sorted.join(",").length;
})();
