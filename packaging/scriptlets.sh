# What the scripts of the .deb, the .rpm and the bundle have in common; they source it.

# say RUSSIAN ENGLISH: the second where the locale is English.
say() {
  case ${LC_ALL:-${LC_MESSAGES:-${LANG:-}}} in en*) shift ;; esac
  echo "baikaldoc-pos: $1"
}

booted() { [ -d /run/systemd/system ]; }

# restart_running PROGRAM: after an upgrade. Code 78 of the new program is a faulty configuration, with which systemd
# would not start it again: there the old process stays. Nothing here fails the installation.
restart_running() {
  booted || return 0
  for unit in $(systemctl list-units --plain --no-legend --state=active,activating,reloading \
    'baikaldoc-pos.service' 'baikaldoc-pos@*.service' | cut -d' ' -f1); do
    unit=${unit%.service}
    instance=${unit#baikaldoc-pos}
    code=0
    "$1" ${instance:+--instance "${instance#@}"} check --offline >/dev/null || code=$?
    if [ "$code" = 78 ]; then
      again="baikaldoc-pos${instance:+ --instance ${instance#@}} check --offline && systemctl restart $unit"
      say "$unit не перезапущена: новая программа не принимает её настройки. Прежний процесс работает. Исправьте настройки и выполните: $again" \
        "$unit is not restarted: the new program refuses its configuration. The old process works on. Correct the configuration, then: $again"
    elif ! systemctl restart "$unit"; then
      say "$unit не запустилась. Причина: journalctl -u $unit" "$unit has not started. The reason: journalctl -u $unit"
    fi
  done
}

# stop_for_good: before a removal. Disabling the template disables its instances.
stop_for_good() {
  if booted; then systemctl stop 'baikaldoc-pos.service' 'baikaldoc-pos@*.service' || true; fi
  systemctl --quiet disable baikaldoc-pos.service baikaldoc-pos@.service || true
}
