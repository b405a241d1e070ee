"""`make bench`: starts durable engines of its own, then runs every module of this folder that has `main()`.

Arguments name modules (`make bench` runs all): `bin/bench intake metrics`.
"""

import importlib
import os
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Runs the named modules, or all."""
    os.environ["CXMS_TEST_DURABLE"] = "1"
    from cxms.env import services

    running = services.acquire(ROOT / ".data" / "bench")
    try:
        services.migrate_template(running, ROOT)
        os.environ |= services.clone_for(running.superuser_url, running.redis_url, running.passwords, "bench")
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cxms.settings")
        import django

        django.setup()
        wanted = sys.argv[1:] or sorted(m.name for m in pkgutil.iter_modules([str(ROOT / "bench")]) if m.name != "__main__")
        for name in wanted:
            module = importlib.import_module(f"bench.{name}")
            if hasattr(module, "main"):
                print(f"\n== {name}: {(module.__doc__ or '').splitlines()[0]}", flush=True)
                module.main()
    finally:
        services.release(running)


if __name__ == "__main__":
    main()
