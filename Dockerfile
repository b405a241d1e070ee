# One image for every process of the house: web, worker, clockwork, live updates, migrate.
FROM python:3.11-slim-bookworm AS build
RUN pip install --no-cache-dir uv
WORKDIR /srv/cxms
ENV UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY . .
RUN .venv/bin/python -m cxms.env.catalogs compile \
 && CXMS_SECRET_KEY=build .venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.11-slim-bookworm
# pango sets the type of the printed report, the font its Chinese
RUN apt-get update \
 && apt-get install --no-install-recommends -y libpango-1.0-0 libpangoft2-1.0-0 fonts-noto-cjk \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --home-dir /srv/cxms --shell /usr/sbin/nologin cxms
WORKDIR /srv/cxms
COPY --from=build --chown=root:root /srv/cxms /srv/cxms
ENV PATH=/srv/cxms/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 OPENBLAS_NUM_THREADS=1 \
    DJANGO_SETTINGS_MODULE=cxms.settings
USER 10001
EXPOSE 8000 8001
CMD ["gunicorn", "cxms.wsgi", "-k", "gthread", "--preload", "--workers", "2", "--threads", "8", "--graceful-timeout", "10", "-b", "0.0.0.0:8000"]
