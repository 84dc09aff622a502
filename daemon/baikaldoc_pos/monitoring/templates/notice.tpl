<section class="notice">
<p>{{sentence}}</p>
<p><a href="{{link.home()}}">{{text.text("web.to_home")}}</a></p>
</section>
