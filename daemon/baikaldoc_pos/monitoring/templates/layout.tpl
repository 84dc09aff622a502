<!DOCTYPE html>
<html lang="{{text.language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
% if refresh:
<meta http-equiv="refresh" content="{{refresh}}">
% end
<title>{{text.text("web.title")}}</title>
<link rel="icon" href="{{icon}}">
<style>{{!style}}</style>
</head>
<body>
<header>
<a class="name" href="{{link.home()}}">{{text.text("web.title")}}</a>
% if defined("now"):
<span class="refreshed">{{text.text("web.refreshed", at=now)}}</span>
% end
<form action="search" method="get" role="search">
<label for="q">{{text.text("web.search.label")}}</label>
<input id="q" name="q" type="search" maxlength="{{longest}}" value="{{query}}" placeholder="{{text.text("web.search.hint")}}">
% if link.language:
<input type="hidden" name="lang" value="{{link.language}}">
% end
<button type="submit">{{text.text("web.search.button")}}</button>
</form>
% for language, address in languages:
<a class="language" href="{{address}}" lang="{{language}}" hreflang="{{language}}">{{text.text("web.language." + language)}}</a>
% end
</header>
<main>
{{!body}}
</main>
</body>
</html>
