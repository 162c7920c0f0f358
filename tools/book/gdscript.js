// Highlights GDScript, a language that mdBook's highlight.js does not contain.
(function () {
    const keywords =
        "and as assert await break class class_name const continue elif else enum extends for func if in is match not " +
        "or pass return self setget signal static super var while void";
    const types =
        "bool int float String Array Dictionary Error Node Callable PackedByteArray PackedStringArray MultiplayerPeer " +
        "TLSOptions Crypto Thread";

    hljs.registerLanguage("gdscript", function (highlighter) {
        return {
            keywords: { keyword: keywords, literal: "true false null OK", type: types },
            contains: [
                highlighter.HASH_COMMENT_MODE,
                highlighter.QUOTE_STRING_MODE,
                highlighter.APOS_STRING_MODE,
                highlighter.C_NUMBER_MODE,
                { className: "meta", begin: "@\\w+" },
                { className: "title", begin: "\\b\\w+(?=\\()" },
            ],
        };
    });
    for (const block of document.querySelectorAll("code.language-gdscript")) {
        block.removeAttribute("data-highlighted");
        hljs.highlightBlock(block);
    }
})();
