// Search results quote pages as text, formulas as LaTeX. This shows what is left without the commands.
document.addEventListener("DOMContentLoaded", () => {
  const results = document.getElementById("search-results");
  if (!results) return;
  const plain = (text) => text.replace(/\\[()[\]]/g, "").replace(/\\[a-zA-Z]+\s?|\\[,;!]|[{}$]/g, "");
  new MutationObserver(() => {
    for (const quote of results.querySelectorAll("p.context")) {
      const walker = document.createTreeWalker(quote, NodeFilter.SHOW_TEXT);
      while (walker.nextNode()) {
        const { data } = walker.currentNode;
        if (plain(data) !== data) walker.currentNode.data = plain(data);
      }
    }
  }).observe(results, { childList: true, subtree: true });
});
