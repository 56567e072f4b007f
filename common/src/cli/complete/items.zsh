
# Completes items, their parameters and values.
_@NAME@_items() {
    local name="${PREFIX%%:*}" key
    local -a found
    if ! compset -P 1 '*:'; then
        found=(
            @ITEMS@
        )
        _describe 'item' found -S ''
        return
    fi
    compset -P '*,'
    if [[ $PREFIX == *=* ]]; then
        key="${PREFIX%%=*}"
        compset -P 1 '*='
        case "$name:$key" in
            @VALUES@
        esac
        return
    fi
    case "$name" in
        @KEYS@
    esac
    _describe 'parameter' found -S ''
}

