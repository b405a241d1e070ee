"""Why `safe_http` does not go to an address, in the reader's words. Shown by every form that takes an address."""

from django.utils.translation import gettext as _


def in_words(code: str) -> str:
    """The words for a code of `safe_http.Unsafe` or `Unreachable`; those of a bad address for any other."""
    words = {
        "not_https": _("地址必须以 https:// 开头"),
        "bad_port": _("端口只能是 443 或 8443"),
        "userinfo": _("地址里不能带用户名或密码"),
        "not_public": _("这个地址指向内部网络，不能使用"),
        "local_name": _("这是内部网络的名称，不能使用"),
        "odd_address": _("IP 地址请写成四段十进制数字"),
        "no_address": _("域名解析不到，请检查拼写"),
        "dns_timeout": _("域名解析超时，请稍后再试"),
        "too_long": _("地址太长"),
    }
    return words.get(code, _("不是有效的网址"))
