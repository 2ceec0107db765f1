from django.urls import path

from mentoring.transfer import views, views_export, views_rows

app_name = "transfer"
urlpatterns = [
    path("programs/<slug:slug>/import/", views.import_list, name="import-list"),
    path("programs/<slug:slug>/import/new/", views.import_new, name="import-new"),
    path("imports/<uuid:pk>/", views.import_detail, name="import-detail"),
    path("imports/<uuid:pk>/progress/", views.import_progress, name="import-progress"),
    path("imports/<uuid:pk>/columns/", views.import_map, name="import-map"),
    path("imports/<uuid:pk>/apply/", views.import_apply, name="import-apply"),
    path("imports/<uuid:pk>/cancel/", views.import_cancel, name="import-cancel"),
    path("imports/<uuid:pk>/errors.<str:kind>", views_rows.import_errors, name="import-errors"),
    path("imports/<uuid:pk>/rows/<int:number>/", views_rows.import_row, name="import-row"),
    path(
        "imports/<uuid:pk>/rows/<int:number>/leave-out/",
        views_rows.import_row_leave_out,
        name="import-row-leave-out",
    ),
    path("programs/<slug:slug>/export/", views_export.export, name="export"),
    path("programs/<slug:slug>/export/<str:what>.<str:kind>", views_export.export_file, name="export-file"),
]
