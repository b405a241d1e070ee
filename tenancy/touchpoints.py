"""The touchpoint catalogue that a new organisation starts with; it is edited later in the settings."""

from tenancy.models import Touchpoint

PRESETS = (
    ("advert", "广告种草", "认知"),
    ("store_visit", "到店咨询", "选购"),
    ("online_order", "线上下单", "选购"),
    ("payment", "付款", "选购"),
    ("delivery", "配送收货", "交付"),
    ("installation", "上门安装", "交付"),
    ("usage", "日常使用", "使用"),
    ("repair_intake", "维修受理", "售后"),
    ("repair_pickup", "维修取机", "售后"),
    ("return_refund", "退换退款", "售后"),
    ("hotline", "客服热线", "售后"),
    ("membership", "会员权益", "忠诚"),
)


def add_presets(*, organisation: int) -> None:
    """Writes the catalogue; existing codes stay as they are."""
    Touchpoint.objects.bulk_create(
        [
            Touchpoint(organisation_id=organisation, code=code, name=name, stage=stage, position=i)
            for i, (code, name, stage) in enumerate(PRESETS)
        ],
        ignore_conflicts=True,
    )
